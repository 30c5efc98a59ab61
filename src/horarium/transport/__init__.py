"""Floor 4: what reaches out: LMTP, SMTP, Maildir."""
