"""Other places than this machine's cores to do the work of training and prediction."""
