"""Where frames come from, and what turns them into samples."""
