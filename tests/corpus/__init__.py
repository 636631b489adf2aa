"""Texts that are hostile, odd or only rare, for tests of whatever reads them."""
