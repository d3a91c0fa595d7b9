"""Operations: checks that the operator runs, periodic maintenance, and the set-up of a checkout."""
