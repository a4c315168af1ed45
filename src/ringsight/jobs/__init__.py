"""The doors: one job of the command line each, a plain function behind settings composed by Hydra."""
