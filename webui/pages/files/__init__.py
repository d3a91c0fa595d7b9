"""Pages of the files of users in VOSpace."""
