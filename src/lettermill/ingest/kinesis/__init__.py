"""Amazon Kinesis: by Spark's own source where the platform has one, else shard by shard through AWS's interface."""
