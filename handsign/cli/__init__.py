"""What the scripts and the `handsign` command do. The only place that knows argparse and prints."""
