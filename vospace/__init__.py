"""VOSpace 2.1: the products and their files seen as a tree of nodes."""
