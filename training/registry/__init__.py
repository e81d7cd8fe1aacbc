"""The life of trained models in MLflow: logged, registered, promoted, rolled back."""
