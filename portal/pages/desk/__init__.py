"""Pages of people who work here: their desks, the installation, the settings of a municipality."""
