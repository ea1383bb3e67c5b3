"""An S3-compatible server with the bucket `reports`. It prints its URL on standard output, and ends when its standard
input closes.
"""

import logging
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would print a line for each request
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
keys = {"aws_access_key_id": "eovr", "aws_secret_access_key": "for tests only", "region_name": "eu-south-1"}
place = {"LocationConstraint": "eu-south-1"}
client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
client.create_bucket(Bucket="reports", CreateBucketConfiguration=place)
print(f"listening on {port}", flush=True)
sys.stdin.read()
server.stop()
