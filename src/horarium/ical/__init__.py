"""Floor 2: iCalendar text to values and back, pure (RFC 5545)."""
