"""The face people use: pages and an HTTP interface over the runtime's use cases."""
