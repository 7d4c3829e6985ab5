"""The WeChat public account: callback, replies, outbox sender, API client and tools."""
