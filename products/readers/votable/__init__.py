"""Reader of VOTable documents."""
