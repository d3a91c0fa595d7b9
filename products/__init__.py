"""The catalogue of data products: types, releases, products, their files and columns, access and quotas."""
