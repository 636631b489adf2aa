"""The command line: a module for each verb, which parses options, calls the API and prints."""
