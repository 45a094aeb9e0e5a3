"""Pure numerical kernels: arrays and scalars in, `out` last, nothing else touched."""
