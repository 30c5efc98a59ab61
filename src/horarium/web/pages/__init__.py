"""One page per module: it asks the runtime and hands what it heard to a template."""
