"""What every room shares: the file, errors, files, money, models on disk."""
