"""Distribution: versions of files, built, sent, relayed and extracted, each act in its own time."""
