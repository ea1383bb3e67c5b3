"""A store of buckets that speaks Amazon's protocol, with the bucket `reports`: it says on its standard output where it
listens, and ends when its standard input does.
"""

import logging
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
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
