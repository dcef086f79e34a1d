"""What runs and models leave behind: how much there is, what is alive, and removing the rest."""
