"""The store's engine, base class and migrations; knows no table's meaning."""
