"""The shared domain: vocabulary, rules, feature definitions and wire contracts. Standard library only."""
