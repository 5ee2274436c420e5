"""Speed, memory and time to first bits, each beside a peer or a limit measured in the same run."""
