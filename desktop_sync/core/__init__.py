"""What a synchronization is: pure values and rules, without I/O, clock, threads or logging."""
