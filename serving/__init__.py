"""What is served: which trained run, since when and by whose decision; the runs themselves; the exchange of one for another."""
