"""What a version's data and predictions looked like when it was registered: what drift will compare with."""
