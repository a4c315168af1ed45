"""What a run was made of and came to, written where runs and models can be compared: in its folder, and in MLflow.

`tracked_run` gathers it, `model_card` says it in words, `tracked_files` writes it as CSV, JSON and Markdown, and
`in_mlflow` hands it to MLflow. Nothing of it names a customer.
"""
