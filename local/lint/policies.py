"""Every policy document of an expanded template, as IAM would get it: names become example ARNs."""

import re
from collections.abc import Iterator
from typing import Any

from local.lint.expansion import Template

Policy = dict[str, Any]
ACCOUNT = "123456789012"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
# Ref of a resource is its ARN for some types and its name for others.
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:{account}:table/{name}",
    "AWS::Events::EventBus": "arn:aws:events:us-east-1:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:us-east-1:{account}:rule/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:{account}:function:{name}",
    "AWS::RedshiftServerless::Namespace": "arn:aws:redshift-serverless:us-east-1:{account}:namespace/{name}",
    "AWS::RedshiftServerless::Workgroup": "arn:aws:redshift-serverless:us-east-1:{account}:workgroup/{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:us-east-1:{account}:secret:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:us-east-1:{account}:stateMachine:{name}",
}
REF_IS_ARN = {
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}


def policies(template: Template) -> Iterator[tuple[str, Policy]]:
    """Yield each policy document with the logical id of the resource that it stands in.

    Each branch of a condition is tried: what differs between them is yielded twice.
    """
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        own = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for document in [*inline, *own]:
            branches = [_Values(template, branch).resolved(document) for branch in (1, 2)]
            yield name, branches[0]
            if branches[1] != branches[0]:
                yield name, branches[1]


class _Values:
    """Example values of a template's functions, with one branch of each Fn::If."""

    def __init__(self, template: Template, branch: int) -> None:
        self._resources = template["Resources"]
        self._parameters = template.get("Parameters", {})
        self._branch = branch

    def resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": name}:
                found: Any = self._of(name)
            case {"Fn::GetAtt": [name, attribute]}:
                found = self._of(f"{name}.{attribute}")
            case {"Fn::Sub": str(text)}:
                found = re.sub(r"\$\{([^!}]+)\}", lambda part: self._of(part[1]), text)
            case {"Fn::If": choice}:
                found = self.resolved(choice[self._branch])
            case dict():
                found = {key: self.resolved(item) for key, item in value.items()}
            case list():
                found = [self.resolved(item) for item in value]
            case _:
                found = value
        return found

    def _of(self, reference: str) -> str:
        if reference in PSEUDO:
            return PSEUDO[reference]
        if reference in self._parameters:
            return str(self._parameters[reference].get("Default") or f"a-{reference}")
        name, _, attribute = reference.partition(".")
        kind = self._resources[name]["Type"]
        is_arn = attribute.endswith("Arn") if attribute else kind in REF_IS_ARN
        return ARNS[kind].format(account=ACCOUNT, name=name) if is_arn else name
