"""One file a task, each defining `TASK`. Nothing is listed here: `handsign.task.names` reads the folder."""
