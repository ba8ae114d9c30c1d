"""The browser page (`static/`) and the small server behind it (`server.py`)."""
