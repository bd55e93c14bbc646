"""Copies the items that one table has and another lacks, and overwrites nothing. For restoring; needs boto3 (in .venv).

.venv/bin/python docs/snippets/copy_missing.py restored-table original-table
"""

import sys

import boto3


def copy_missing(source: str, target: str) -> tuple[int, int]:
    """Copy the items of `source` whose key `target` lacks.

    Returns how many it copied, and how many `target` had already.
    """
    dynamodb = boto3.client("dynamodb")
    keys = dynamodb.describe_table(TableName=target)["Table"]["KeySchema"]
    copied, present = 0, 0
    for page in dynamodb.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        for item in page["Items"]:
            try:
                dynamodb.put_item(
                    TableName=target,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#key)",
                    ExpressionAttributeNames={"#key": keys[0]["AttributeName"]},
                )
                copied += 1
            except dynamodb.exceptions.ConditionalCheckFailedException:
                present += 1
    return copied, present


if __name__ == "__main__":
    copied, present = copy_missing(*sys.argv[1:3])
    print(f"{copied} items copied, {present} were there")
