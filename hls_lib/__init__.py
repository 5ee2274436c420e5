"""C++14 kernels for synthesis, one header per operator; package data that generator copies."""
