"""The catalogue: product types, releases, products, their files and columns, and who may see and change them."""
