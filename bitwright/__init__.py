"""bitwright: the command line, and the example it demonstrates itself on."""
