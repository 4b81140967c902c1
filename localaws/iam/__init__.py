"""IAM: moto's, which enforces nothing here, and the one question it does not answer: whether a role may do a thing."""
