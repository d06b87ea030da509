"""Amazon SES, version 2, by boto3: whole mails or fifty at a time, and the list of addresses it suppresses."""
