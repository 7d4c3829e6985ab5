"""HTTP routes besides the channels; one module a topic."""
