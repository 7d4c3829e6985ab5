"""The staff's panel at /panel: one module or folder a page. Pages call the services below; nothing is decided here."""
