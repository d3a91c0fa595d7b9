"""Parser of ADQL 2.1: grammar, reserved words, syntax tree builder."""
