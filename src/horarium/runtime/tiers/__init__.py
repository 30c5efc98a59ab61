"""The nodes of distribution at work: what they believe, send, receive, relay and extract."""
