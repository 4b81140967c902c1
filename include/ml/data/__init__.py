"""From landing files to the parts of a split: the contract check, quarantine, the split, and made-up data."""
