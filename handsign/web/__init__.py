"""The browser page (`static/`) and its server."""
