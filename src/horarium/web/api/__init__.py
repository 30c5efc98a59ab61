"""The HTTP interface: JSON for what the pages show, one module per kind of resource."""
