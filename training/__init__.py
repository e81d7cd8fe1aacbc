"""The offline side: snapshot, spine, features, labels, training, evaluation, registry."""
