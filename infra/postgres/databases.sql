-- Run once, when the data folder is made: the registry keeps its tables in a database of its own.
create database mlflow;
