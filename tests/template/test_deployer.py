"""docs/examples: the deployer may do what a deployment needs, and only for who may come in."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.lint.expansion import Template, expanded, parsed
from local.lint.findings import Finding, accepted_in, remaining
from local.lint.policies import policies
from local.lint.programs import PROGRAMS, ROOT, answer
from local.lint.template_linters import cfn_lint, parliament
from tests.template.test_samconfig import settings_of

DEPLOYER = ROOT / "docs/examples/deployer.yaml"
WORKFLOW = ROOT / "docs/examples/deploy.yml"
linters_needed = pytest.mark.skipif(
    not PROGRAMS.exists(), reason="`make lint-template` installs the linters first"
)

ACCOUNT, REGION = "123456789012", "us-east-1"
STACK = "events-to-endpoints-dev"
REPOSITORY = "an-owner/a-repository"
GIVEN = {"Repository": REPOSITORY, "StackName": STACK, "Environment": "dev"}
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
}
LONGEST_POLICY = 6144  # characters of a managed policy, blanks left out
RANDOM = "A1B2C3D4E5F6"  # what CloudFormation puts behind a name that it makes up

# The ARNs that an action on a resource of a type may be about.
ARNS = {
    "AWS::ApiGateway::ApiKey": ["apigateway:{region}::/apikeys", "apigateway:{region}::/apikeys/k1"],
    "AWS::ApiGateway::Deployment": ["apigateway:{region}::/restapis/r1/deployments/d1"],
    "AWS::ApiGateway::RestApi": ["apigateway:{region}::/restapis", "apigateway:{region}::/restapis/r1"],
    "AWS::ApiGateway::Stage": ["apigateway:{region}::/restapis/r1/stages/live"],
    "AWS::ApiGateway::UsagePlan": ["apigateway:{region}::/usageplans", "apigateway:{region}::/tags/u1"],
    "AWS::ApiGateway::UsagePlanKey": ["apigateway:{region}::/usageplans/u1/keys/k1"],
    "AWS::CloudWatch::Alarm": ["cloudwatch:{region}:{account}:alarm:{name}"],
    "AWS::CloudWatch::CompositeAlarm": ["cloudwatch:{region}:{account}:alarm:{name}"],
    "AWS::CloudWatch::Dashboard": ["cloudwatch::{account}:dashboard/{name}"],
    "AWS::CodeDeploy::Application": ["codedeploy:{region}:{account}:application:{name}"],
    "AWS::CodeDeploy::DeploymentGroup": ["codedeploy:{region}:{account}:deploymentgroup:{name}/{name}"],
    "AWS::DynamoDB::Table": ["dynamodb:{region}:{account}:table/{name}"],
    "AWS::Events::EventBus": ["events:{region}:{account}:event-bus/{name}"],
    "AWS::Events::Rule": ["events:{region}:{account}:rule/{name}", "events:{region}:{account}:rule/{stack}-pipeline/{name}"],
    "AWS::IAM::Role": ["iam::{account}:role/{name}"],
    "AWS::Lambda::Alias": ["lambda:{region}:{account}:function:{name}:live"],
    "AWS::Lambda::EventInvokeConfig": ["lambda:{region}:{account}:function:{name}:live"],
    "AWS::Lambda::EventSourceMapping": ["lambda:{region}:{account}:event-source-mapping:m1"],
    "AWS::Lambda::Function": ["lambda:{region}:{account}:function:{name}"],
    "AWS::Lambda::LayerVersion": ["lambda:{region}:{account}:layer:{name}", "lambda:{region}:{account}:layer:{name}:7"],
    "AWS::Lambda::Permission": ["lambda:{region}:{account}:function:{name}"],
    "AWS::Lambda::Url": ["lambda:{region}:{account}:function:{name}:live"],
    "AWS::Lambda::Version": ["lambda:{region}:{account}:function:{name}:7"],
    "AWS::Logs::LogGroup": ["logs:{region}:{account}:log-group:{name}"],
    "AWS::Logs::QueryDefinition": ["logs:{region}:{account}:query-definition:q1"],
    "AWS::RedshiftServerless::Namespace": ["redshift-serverless:{region}:{account}:namespace/n1"],
    "AWS::RedshiftServerless::Workgroup": ["redshift-serverless:{region}:{account}:workgroup/w1"],
    "AWS::S3::Bucket": ["s3:::{name}"],
    "AWS::S3::BucketPolicy": ["s3:::{stack}-lake-{account}-{region}"],
    "AWS::SNS::Subscription": ["sns:{region}:{account}:{stack}-AlertTopic-1:s1"],
    "AWS::SNS::Topic": ["sns:{region}:{account}:{name}"],
    "AWS::SQS::Queue": ["sqs:{region}:{account}:{name}"],
    "AWS::SQS::QueuePolicy": ["sqs:{region}:{account}:{name}"],
    "AWS::SecretsManager::Secret": ["secretsmanager:{region}:{account}:secret:{name}-Ab12Cd"],
    "AWS::StepFunctions::StateMachine": ["states:{region}:{account}:stateMachine:{name}"],
    "AWS::XRay::SamplingRule": ["xray:{region}:{account}:sampling-rule/{stack}"],
    "Custom::WarehouseSchema": ["lambda:{region}:{account}:function:{stack}-CreateSchemaFunction-1"],
    "Custom::WarehouseUsageLimit": ["lambda:{region}:{account}:function:{stack}-LimitUsageFunction-1"],
}  # fmt: skip
# What creating one thing needs of another.
ELSEWHERE = {
    "codedeploy:GetDeploymentConfig": "codedeploy:{region}:{account}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
    "codedeploy": "codedeploy:{region}:{account}:deploymentgroup:{stack}-Application-1/{stack}-Group-1",
    "ec2": "ec2:{region}:{account}:vpc/vpc-1",
    "iam:CreateServiceLinkedRole": "iam::{account}:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift",
    "iam": "iam::{account}:role/{stack}-AnyRole-1",
    "lambda:GetLayerVersion": "lambda:{region}:{account}:layer:{stack}-dependencies:7",
    "logs": "logs:{region}:{account}:log-group:{stack}-any",
    "redshift": "redshift:{region}:{account}:namespace:n1",
    "s3": "s3:::{stack}-lake-{account}-{region}",
    "s3:GetObject": "s3:::ArtifactBucket/dev/code",
    "s3:GetObjectVersion": "s3:::ArtifactBucket/dev/code",
    "secretsmanager": "secretsmanager:{region}:{account}:secret:AdminSecret-1",
}
NAMED_BY = {
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Events::EventBus": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
}
NAMED_WITHOUT_THE_STACK = {"AWS::SecretsManager::Secret", "AWS::StepFunctions::StateMachine"}

# What the types' schemas ask for besides, with the properties that would need it. None of them is
# in the template; with the first of them the action has to be granted.
NOT_USED = {
    "apigateway:UpdateRestApiPolicy": ["Policy"],
    "codedeploy:RegisterOnPremisesInstance": ["OnPremisesInstanceTagFilters", "OnPremisesTagSet"],
    "dynamodb:*Item": ["ImportSourceSpecification", "Replicas"],
    "dynamodb:[!G]*ResourcePolicy": ["ResourcePolicy"],
    "dynamodb:*TableReplica": ["Replicas"],
    "dynamodb:*Import*": ["ImportSourceSpecification"],
    "dynamodb:Query": ["Replicas"],
    "dynamodb:Scan": ["Replicas"],
    "dynamodb:*ableKinesisStreamingDestination": ["KinesisStreamSpecification"],
    "dynamodb:UpdateKinesisStreamingDestination": ["KinesisStreamSpecification"],
    "dynamodb:UpdateContributorInsights": ["ContributorInsightsSpecification"],
    "ec2:DescribeNetworkInterfaces": ["VpcConfig"],
    "elasticfilesystem:*": ["FileSystemConfigs"],
    "events:*Permission": ["Policy"],
    "firehose:*": ["BearerTokenAuthenticationEnabled", "ResourcePolicyDocument"],
    "iam:DeleteRolePermissionsBoundary": [],  # it would set a role free
    "kinesis:*": ["KinesisStreamSpecification"],
    "kms:*": [
        "AdminPasswordSecretKmsKeyId", "KMSKeyArn", "KMSMasterKeyId", "KmsDataKeyReusePeriodSeconds",
        "KmsKeyArn", "KmsKeyId", "KmsKeyIdentifier", "KmsMasterKeyId",
    ],
    "lambda:[!G]*CodeSigningConfig": ["CodeSigningConfigArn"],
    "lambda:GetCodeSigningConfig": ["CodeSigningConfigArn"],
    "lambda:*FunctionConcurrency": ["ReservedConcurrentExecutions"],
    "lambda:[!G]*ProvisionedConcurrencyConfig": ["ProvisionedConcurrencyConfig"],
    "lambda:AssociateRuntimeAlias": ["RuntimeManagementConfig"],
    "lambda:PassCapacityProvider": ["CapacityProviderConfig"],
    "lambda:PutFunctionRecursionConfig": ["RecursiveLoop"],
    "lambda:PutFunctionScalingConfig": ["FunctionScalingConfig"],
    "lambda:PutRuntimeManagementConfig": ["RuntimeManagementConfig"],
    "logs:*KmsKey": ["KmsKeyId"],
    "logs:*IndexPolicy": ["FieldIndexPolicies"],
    "logs:[!G]*DataProtectionPolicy": ["DataProtectionPolicy"],
    "logs:*ResourcePolicy": ["ResourcePolicyDocument"],
    "logs:CreateLogDelivery": ["ResourcePolicyDocument"],
    "logs:CreateLogStream": ["ImportSourceSpecification"],
    "logs:DescribeLogStreams": ["ImportSourceSpecification"],
    "logs:PutBearerTokenAuthentication": ["BearerTokenAuthenticationEnabled"],
    "logs:PutLogEvents": ["ImportSourceSpecification"],
    "logs:PutLogGroupDeletionProtection": ["DeletionProtectionEnabled"],
    "redshift-serverless:*SnapshotCopyConfiguration": ["SnapshotCopyConfigurations"],
    "redshift-serverless:RestoreFrom*": ["RecoveryPointId", "SnapshotArn", "SnapshotName"],
    "redshift:[!G]*ResourcePolicy": ["NamespaceResourcePolicy"],
    "s3:[!G]*Abac": ["AbacStatus"],
    "s3:[!G]*Accelerate*": ["AccelerateConfiguration"],
    "s3:[!G]*Acl": ["AccessControl"],
    "s3:[!G]*Analytics*": ["AnalyticsConfigurations"],
    "s3:[!G]*Cors": ["CorsConfiguration"],
    "s3:[!G]*BucketLogging": ["LoggingConfiguration"],
    "s3:[!G]*Intelligent*": ["IntelligentTieringConfigurations"],
    "s3:[!G]*Inventory*": ["InventoryConfigurations", "MetadataConfiguration"],
    "s3:[!G]*Metadata*": ["MetadataConfiguration", "MetadataTableConfiguration"],
    "s3:GetObjectMetadata": ["ImportSourceSpecification"],
    "s3:[!G]*Metrics*": ["MetricsConfigurations"],
    "s3:[!G]*ObjectLock*": ["ObjectLockConfiguration", "ObjectLockEnabled"],
    "s3:[!G]*Replication*": ["ReplicationConfiguration"],
    "s3:[!G]*Website": ["WebsiteConfiguration"],
    "s3:DeleteBucketEncryption": [],  # no action of IAM's: s3:PutEncryptionConfiguration covers it
    "s3:DeleteBucketLifecycle": [],  # likewise: s3:PutLifecycleConfiguration
    "s3:DeleteObject": [],  # a person empties the bucket, if ever
    "s3:REST.PUT.OBJECT": [],  # no action of IAM's
    "s3files:*": ["FileSystemConfigs"],
    "s3tables:*": ["MetadataConfiguration", "MetadataTableConfiguration"],
    "secretsmanager:*Regions*": ["ReplicaRegions"],
    "secretsmanager:RotateSecret": ["ManageAdminPassword"],
    "sns:PutDataProtectionPolicy": ["DataProtectionPolicy"],
}  # fmt: skip
LOGGING = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
TRACING = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"]  # fmt: skip
# The policies of AWS's own that the stack's roles have, as AWS documents them.
MANAGED = {
    "AWSLambdaBasicExecutionRole": LOGGING,
    "AWSLambdaDynamoDBExecutionRole": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", *LOGGING],
    "AWSLambdaSQSQueueExecutionRole": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *LOGGING],
    "AWSXRayDaemonWriteAccess": TRACING,
    "AWSXrayWriteOnlyAccess": TRACING,
}  # fmt: skip


class Values:
    """What a template's functions come to, with these parameters."""

    def __init__(self, template: Template, given: Mapping[str, str]) -> None:
        declared = template.get("Parameters", {})
        self._known: dict[str, Any] = {name: one.get("Default") for name, one in declared.items()}
        self._known |= PSEUDO | dict(given)
        self._conditions = template.get("Conditions", {})
        self._resources = template["Resources"]

    def of(self, value: Any) -> Any:
        match value:
            case {"Ref": name}:
                found: Any = self._named(name)
            case {"Fn::GetAtt": [name, _]}:
                found = self._named(name)
            case {"Fn::Sub": str(text)}:
                found = re.sub(
                    r"\$\{([^!}.]+)[^}]*\}", lambda part: str(self._named(part[1])), text
                )
            case {"Fn::Equals": [left, right]}:
                found = self.of(left) == self.of(right)
            case {"Fn::If": [condition, yes, no]}:
                found = self.of(yes if self.of(self._conditions[condition]) else no)
            case dict():
                found = {key: self.of(item) for key, item in value.items()}
                found = {key: item for key, item in found.items() if item is not None}
            case list():
                found = [self.of(item) for item in value]
            case _:
                found = value
        return found

    def _named(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]
        kinds = {"AWS::IAM::Role": "role", "AWS::IAM::ManagedPolicy": "policy"}
        kind = self._resources[name]["Type"]
        if kind in kinds:
            return f"arn:aws:iam::{ACCOUNT}:{kinds[kind]}/deployer/{name}"
        return f"arn:aws:s3:::{name}" if kind == "AWS::S3::Bucket" else name


class Role:
    """A role of the deployer's template, with all its policies."""

    def __init__(self, name: str, **given: str) -> None:
        template = parsed(DEPLOYER)
        values = Values(template, GIVEN | given)
        resources = template["Resources"]
        properties = resources[name]["Properties"]
        documents = [resources[one["Ref"]] for one in properties.get("ManagedPolicyArns", [])]
        documents = [one["Properties"]["PolicyDocument"] for one in documents]
        documents += [one["PolicyDocument"] for one in properties.get("Policies", [])]
        self.trust = values.of(properties["AssumeRolePolicyDocument"])["Statement"]
        self.statements = [one for each in documents for one in values.of(each)["Statement"]]
        self.arn = values.of({"Ref": name})

    def may(self, action: str, arn: str, context: Mapping[str, str]) -> bool:
        """Tell whether an action on an ARN is allowed, with these values of the condition keys."""
        return allowed(self.statements, action, arn, context)


def allowed(
    statements: Iterable[dict[str, Any]], action: str, arn: str, context: Mapping[str, str]
) -> bool:
    """Evaluate statements as IAM does; there is no Deny among them."""
    return any(
        one["Effect"] == "Allow"
        and matches(listed(one["Action"]), action)
        and matches(listed(one["Resource"]), arn)
        and holds(one.get("Condition", {}), context)
        for one in statements
    )


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def matches(patterns: Iterable[str], value: str) -> bool:
    return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)


def holds(condition: dict[str, dict[str, Any]], context: Mapping[str, str]) -> bool:
    for operator, wanted in condition.items():
        for key, values in wanted.items():
            found = context.get(key)
            if found is None:
                return False
            if operator == "ArnLike" and not matches(listed(values), found):
                return False
            if operator != "ArnLike" and found not in listed(values):
                return False
    return True


def arn_of(pattern: str, **names: str) -> str:
    return "arn:aws:" + pattern.format(account=ACCOUNT, region=REGION, stack=STACK, **names)


def names_of(name: str, resource: dict[str, Any], values: Values) -> list[str]:
    """Say how a resource of the stack may be called."""
    kind = resource["Type"]
    given = resource.get("Properties", {}).get(NAMED_BY.get(kind, ""))
    if given:
        return [values.of(given)]
    made_up = [f"{STACK}-{name}-{RANDOM}"]
    return [*made_up, f"{name}-{RANDOM}"] if kind in NAMED_WITHOUT_THE_STACK else made_up


def about(action: str, kind: str, names: Iterable[str]) -> list[str]:
    """List the ARNs that an action may be about, for a resource of this type."""
    service = action.split(":", maxsplit=1)[0]
    if action in ELSEWHERE:
        return [arn_of(ELSEWHERE[action])]
    own = [arn_of(one, name=name) for one in ARNS[kind] for name in names]
    own = [one for one in own if one.split(":")[2] == service]
    return own or [arn_of(ELSEWHERE[service])]


@cache
def asked_by_schemas() -> dict[str, set[str]]:
    """Read what creating, reading, updating and deleting a type takes, from its schema."""
    found: dict[str, set[str]] = {}
    folder = next(PROGRAMS.parent.glob("lib/python3*/site-packages/cfnlint/data/schemas/resources"))
    for path in folder.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        for verb, handler in schema.get("handlers", {}).items():
            if verb != "list":  # that is for whoever looks for resources to import
                # A type whose schema differs between Regions has several files.
                found.setdefault(schema["typeName"], set()).update(handler["permissions"])
    return found


def asked(kind: str) -> set[str]:
    return {"lambda:InvokeFunction"} if kind.startswith("Custom::") else asked_by_schemas()[kind]


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from keys_in(item)


def with_traffic_shifted(template: Template) -> Template:
    """Expand the template as with ShiftTraffic=true: SAM decides by the value, not by its name."""
    text = json.dumps(template).replace('{"Ref": "ShiftTraffic"}', "true")
    return expanded(json.loads(text), ROOT)


@pytest.fixture(scope="module", params=["at once", "shifted"])
def stack(request: pytest.FixtureRequest, template: Template, seen: Template) -> Template:
    return seen if request.param == "at once" else with_traffic_shifted(template)


@pytest.fixture(scope="module")
def shifted(template: Template) -> Template:
    return with_traffic_shifted(template)


@pytest.fixture(scope="module", params=["false", "true"], ids=["unbound", "bound"])
def execution(request: pytest.FixtureRequest) -> Role:
    return Role("ExecutionRole", BindRoles=request.param)


def roles_of(stack: Template) -> dict[str, dict[str, Any]]:
    return {
        name: one["Properties"]
        for name, one in stack["Resources"].items()
        if one["Type"] == "AWS::IAM::Role"
    }


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{name}-{RANDOM}"


def boundary_statements() -> list[dict[str, Any]]:
    template = parsed(DEPLOYER)
    document = template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]
    statements: list[dict[str, Any]] = Values(template, GIVEN).of(document)["Statement"]
    return statements


def in_this_stack(arns: Iterable[str], stack: Template) -> Iterator[str]:
    """Put the names of this stack where the linters' examples have theirs, or logical ids."""
    values, resources = Values(stack, {}), stack["Resources"]
    names = {name: names_of(name, one, values)[-1] for name, one in resources.items()}
    logical = re.compile(rf"(?<=[:/])({'|'.join(sorted(names, key=len, reverse=True))})\b")
    for arn in arns:
        of_this_account = arn.replace(":000000000000:workgroup", f":{ACCOUNT}:workgroup")
        named = logical.sub(lambda found: names[found[1]], of_this_account)
        yield re.sub(r"(?<=[:/])stack-", f"{STACK}-", named)


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/deployer/Boundary"
CONTEXT = {
    "iam:AWSServiceName": "redshift.amazonaws.com",
    "iam:PassedToService": "lambda.amazonaws.com",
    "iam:PermissionsBoundary": BOUNDARY,
    "iam:PolicyARN": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    "lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-StageBatch-1",
}


def test_shifting_traffic_adds_what_codedeploy_needs(seen: Template, shifted: Template) -> None:
    types = {one["Type"] for one in shifted["Resources"].values()}
    types -= {one["Type"] for one in seen["Resources"].values()}
    assert types == {"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"}


def test_each_type_of_the_template_is_known_here(shifted: Template) -> None:
    assert {one["Type"] for one in shifted["Resources"].values()} == set(ARNS)


@pytest.mark.slow
@linters_needed
def test_the_execution_role_may_do_what_each_resource_asks_for(
    stack: Template, execution: Role
) -> None:
    values = Values(stack, {})
    refused = {
        (action, arn)
        for name, resource in stack["Resources"].items()
        for action in asked(resource["Type"])
        if not matches(NOT_USED, action)
        for arn in about(action, resource["Type"], names_of(name, resource, values))
        if not execution.may(action, arn, CONTEXT)
    }
    assert refused == set()


@pytest.mark.slow
@linters_needed
def test_what_is_not_granted_is_for_properties_that_the_template_has_not(shifted: Template) -> None:
    needed = set()
    for resource in shifted["Resources"].values():
        used = set(keys_in(resource.get("Properties", {})))
        for action in asked(resource["Type"]):
            for pattern, properties in NOT_USED.items():
                needed |= {
                    (action, one)
                    for one in used.intersection(properties)
                    if matches([pattern], action)
                }
    assert needed == set()


@pytest.mark.slow
@linters_needed
def test_what_is_not_used_is_asked_for_and_not_granted() -> None:
    all_asked = {action for kind in ARNS for action in asked(kind)}
    assert [
        one for one in NOT_USED if not any(matches([one], action) for action in all_asked)
    ] == []
    granted = {one for each in Role("ExecutionRole").statements for one in listed(each["Action"])}
    assert {one for one in granted if matches(NOT_USED, one)} == set()


def test_the_execution_role_may_hand_roles_to_the_services_that_assume_them(
    shifted: Template, execution: Role
) -> None:
    for role in roles_of(shifted).values():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            for service in listed(statement["Principal"]["Service"]):
                context = {**CONTEXT, "iam:PassedToService": service}
                assert execution.may("iam:PassRole", role_arn("AnyRole"), context)


def test_the_execution_role_may_attach_the_managed_policies_of_the_stack_and_no_others(
    shifted: Template, execution: Role
) -> None:
    values = Values(shifted, {})
    for name, role in roles_of(shifted).items():
        for policy in role.get("ManagedPolicyArns", []):
            context = {**CONTEXT, "iam:PolicyARN": values.of(policy)}
            assert execution.may("iam:AttachRolePolicy", role_arn(name), context), policy
    context = {**CONTEXT, "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert not execution.may("iam:AttachRolePolicy", role_arn("AnyRole"), context)


def test_no_role_outside_the_stack_can_be_handed_over_or_changed(execution: Role) -> None:
    granted = {one for each in execution.statements for one in listed(each["Action"])}
    others = [execution.arn, Role("DeployRole").arn, f"arn:aws:iam::{ACCOUNT}:role/admin"]
    for action in granted:
        if action.startswith("iam:"):
            assert not any(execution.may(action, arn, CONTEXT) for arn in others), action


def test_no_user_group_or_managed_policy_can_be_changed(execution: Role) -> None:
    actions = {one for each in execution.statements for one in listed(each["Action"])}
    of_iam = {one for one in actions if one.startswith(("iam:", "sts:"))}
    assert not [one for one in of_iam if "Role" not in one or "*" in one]


def test_the_roles_of_the_stack_carry_the_boundary(shifted: Template) -> None:
    bounded = {"Fn::If": ["BoundsRoles", {"Ref": "RoleBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    free = {
        name for name, one in roles_of(shifted).items() if one.get("PermissionsBoundary") != bounded
    }
    assert free == {"CodeDeployServiceRole"}  # SAM gives it none


def test_a_bound_deployer_gives_no_rights_to_roles_without_the_boundary() -> None:
    bound = Role("ExecutionRole", BindRoles="true")
    free = {key: value for key, value in CONTEXT.items() if key != "iam:PermissionsBoundary"}
    others = {**CONTEXT, "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    for context in (free, others):
        for action in ("CreateRole", "PutRolePolicy", "AttachRolePolicy"):
            assert not bound.may(f"iam:{action}", role_arn("AnyRole"), context)
        assert not bound.may("iam:PutRolePolicy", role_arn("CodeDeployServiceRole"), context)
        assert not bound.may("iam:AttachRolePolicy", role_arn("CodeDeployServiceRole"), context)
    assert not bound.may("iam:PutRolePermissionsBoundary", role_arn("AnyRole"), others)
    assert not bound.may("iam:DeleteRolePermissionsBoundary", role_arn("AnyRole"), CONTEXT)


def test_the_boundary_holds_all_that_the_roles_of_the_stack_may_do(seen: Template) -> None:
    boundary = boundary_statements()
    outside = {
        (name, action, arn)
        for name, policy in policies(seen)
        if seen["Resources"][name]["Type"] == "AWS::IAM::Role"
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for arn in in_this_stack(listed(statement["Resource"]), seen)
        if not allowed(boundary, action, arn, {})
    }
    assert outside == set()


def test_the_boundary_holds_what_the_managed_policies_allow(seen: Template) -> None:
    attached = {
        json.dumps(policy).rstrip('"}').rsplit("/", 1)[1]
        for role in roles_of(seen).values()
        for policy in role.get("ManagedPolicyArns", [])
    }
    assert attached == set(MANAGED)
    granted = {one for each in boundary_statements() for one in listed(each["Action"])}
    assert {one for each in MANAGED.values() for one in each} <= granted


TOKEN = {
    "aud": "sts.amazonaws.com",
    "sub": f"repo:{REPOSITORY}:environment:dev",
    "ref": "refs/heads/main",
}


def may_come_in(role: Role, token: Mapping[str, str]) -> bool:
    """Evaluate a role's trust for a token of GitHub's."""
    context = {f"token.actions.githubusercontent.com:{key}": one for key, one in token.items()}
    return any(holds(statement["Condition"], context) for statement in role.trust)


def test_the_branch_and_environment_of_the_repository_may_come_in() -> None:
    assert may_come_in(Role("DeployRole"), TOKEN)
    assert may_come_in(Role("PlanRole"), {**TOKEN, "sub": f"{TOKEN['sub']}-plan"})


@pytest.mark.parametrize("role", ["DeployRole", "PlanRole"])
@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "repo:another-owner/a-repository:environment:dev"},
        {"sub": "repo:an-owner/a-repository-2:environment:dev"},
        {"sub": f"repo:{REPOSITORY}:environment:prod"},
        {"sub": f"repo:{REPOSITORY}:environment:dev-planned"},
        {"sub": f"repo:{REPOSITORY}:ref:refs/heads/main"},
        {"sub": f"repo:{REPOSITORY}:pull_request"},
        {"ref": "refs/heads/another"},
        {"ref": "refs/pull/1/merge"},
        {"ref": "refs/tags/main"},
        {"aud": "another"},
    ],
    ids=lambda changed: " ".join(changed.values()) if isinstance(changed, dict) else changed,
)
def test_nobody_else_may_come_in(role: str, changed: dict[str, str]) -> None:
    own = {"DeployRole": TOKEN, "PlanRole": {**TOKEN, "sub": f"{TOKEN['sub']}-plan"}}
    assert not may_come_in(Role(role), {**own[role], **changed})


@pytest.mark.parametrize("role", ["DeployRole", "PlanRole"])
def test_trust_is_in_githubs_provider_alone_and_without_patterns(role: str) -> None:
    [statement] = Role(role).trust
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert set(statement["Condition"]) == {"StringEquals"}
    assert "*" not in json.dumps(statement)


def test_only_cloudformation_may_take_the_execution_role() -> None:
    assert Role("ExecutionRole").trust == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def stack_arn(name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"


@pytest.mark.parametrize("name", ["DeployRole", "PlanRole"])
def test_change_sets_are_made_of_this_stack_and_by_the_execution_role_alone(name: str) -> None:
    role = Role(name)
    execution_role = Role("ExecutionRole").arn
    key = "cloudformation:RoleArn"
    make = "cloudformation:CreateChangeSet"
    assert role.may(make, stack_arn(STACK), {key: execution_role})
    assert not role.may(make, stack_arn(STACK), {key: f"arn:aws:iam::{ACCOUNT}:role/admin"})
    assert not role.may(make, stack_arn(STACK), {})
    assert not role.may(make, stack_arn("events-to-endpoints"), {key: execution_role})
    passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    assert role.may("iam:PassRole", execution_role, passed)
    assert not role.may(
        "iam:PassRole", execution_role, {"iam:PassedToService": "lambda.amazonaws.com"}
    )
    assert not role.may("iam:PassRole", role_arn("AnyRole"), passed)


@pytest.mark.parametrize("name", ["DeployRole", "PlanRole"])
def test_a_change_set_is_made_with_all_the_calls_that_sam_makes(name: str) -> None:
    """As seen from SAM 1.170 with a server that notes what it is asked."""
    role, build = Role(name), "arn:aws:s3:::ArtifactBucket/events-to-endpoints-dev/code"
    for action in (
        "DescribeChangeSet",
        "DescribeStackEvents",
        "DescribeStacks",
        "GetTemplateSummary",
    ):
        assert role.may(f"cloudformation:{action}", stack_arn(STACK), {}), action
    transform = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
    assert role.may("cloudformation:CreateChangeSet", transform, {})
    assert role.may("s3:GetObject", build, {})
    assert role.may("s3:PutObject", build, {})


def test_only_the_deploying_role_may_execute_a_change_set() -> None:
    execute = "cloudformation:ExecuteChangeSet"
    assert Role("DeployRole").may(execute, stack_arn(STACK), {})
    assert not Role("DeployRole").may(execute, stack_arn("another"), {})
    assert not Role("PlanRole").may(execute, stack_arn(STACK), {})


@pytest.mark.parametrize("name", ["DeployRole", "PlanRole"])
def test_whoever_comes_in_touches_nothing_but_the_stack_and_its_builds(name: str) -> None:
    actions = {one for each in Role(name).statements for one in listed(each["Action"])}
    assert {one.split(":")[0] for one in actions} == {"cloudformation", "iam", "s3"}
    assert "cloudformation:DeleteStack" not in actions
    assert [one for one in actions if one.startswith("iam:")] == ["iam:PassRole"]


@pytest.mark.parametrize("kind", sorted(kind for kind in ARNS if "{name}" in ARNS[kind][0]))
def test_another_stack_is_out_of_reach_where_names_tell_stacks_apart(kind: str) -> None:
    execution = Role("ExecutionRole")
    arn = arn_of(ARNS[kind][0], name="events-to-endpoints-Thing-1")
    service = arn.split(":")[2]
    actions = {one for each in execution.statements for one in listed(each["Action"])}
    scoped = {one for one in actions if one.startswith(f"{service}:")} - set(ABOUT_ANYTHING)
    assert scoped
    assert not [one for one in scoped if execution.may(one, arn, CONTEXT)]


# What IAM cannot hold to names: ids in their place, or no resource at all.
ABOUT_ANYTHING = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
    "codedeploy:StopDeployment",
    "lambda:CreateEventSourceMapping",
    "logs:DeleteQueryDefinition",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:DescribeResourcePolicies",
    "logs:PutQueryDefinition",
    "secretsmanager:GetRandomPassword",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
    "xray:GetSamplingRules",
]


def test_alarms_made_of_alarms_are_granted_as_aws_wants_it(execution: Role) -> None:
    """Whoever may do it only to some alarms may not do it to these: so say both calls' documents."""
    anything = arn_of("cloudwatch:{region}:{account}:alarm:*")
    for action in ("cloudwatch:DescribeAlarms", "cloudwatch:PutCompositeAlarm"):
        assert execution.may(action, anything, CONTEXT)


def test_event_source_mappings_are_of_the_stacks_functions_alone() -> None:
    theirs = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another"
    arn = arn_of("lambda:{region}:{account}:event-source-mapping:m1")
    delete = "lambda:DeleteEventSourceMapping"
    assert not Role("ExecutionRole").may(delete, arn, {"lambda:FunctionArn": theirs})


def test_cloudformation_can_read_the_deployers_template() -> None:
    """It knows no anchors; SAM resolves those of template.yaml before anybody else reads them."""
    events = yaml.parse(DEPLOYER.read_text(encoding="utf-8"))
    assert not [event for event in events if isinstance(event, yaml.AliasEvent)]
    resources = parsed(DEPLOYER)["Resources"]
    for name, resource in resources.items():
        document = Values(parsed(DEPLOYER), GIVEN).of(
            resource["Properties"].get("PolicyDocument", {})
        )
        assert len(re.sub(r"\s", "", json.dumps(document))) < LONGEST_POLICY, name


@pytest.mark.slow
@linters_needed
def test_the_linters_accept_the_deployers_template(tmp_path: Path) -> None:
    template = parsed(DEPLOYER)
    case = tmp_path / "deployer"
    (case / "policies").mkdir(parents=True)
    (case / "source.yaml").write_text(DEPLOYER.read_text(encoding="utf-8"), encoding="utf-8")
    for bound in ("false", "true"):
        values = Values(template, {**GIVEN, "BindRoles": bound})
        for name, document in documents_of(template["Resources"]):
            (case / f"policies/{name}.{bound}.json").write_text(json.dumps(values.of(document)))
    found = [*cfn_lint(tmp_path), *parliament(tmp_path), *checkov(case / "source.yaml")]
    assert remaining(found, accepted_in(template)) == []


def documents_of(resources: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, resource in resources.items():
        properties = resource["Properties"]
        if "PolicyDocument" in properties:
            yield name, properties["PolicyDocument"]
        for policy in properties.get("Policies", []):
            yield f"{name}.{policy['PolicyName']}", policy["PolicyDocument"]


def checkov(path: Path) -> Iterator[Finding]:
    options = ["--framework", "cloudformation", "--compact", "--skip-download", "-o", "json"]
    results = answer("checkov", *options, "-f", path)["results"]
    assert not results["parsing_errors"]
    assert results["passed_checks"]
    for failed in results["failed_checks"]:
        place = failed["resource"].split(".")[-1]
        yield Finding("checkov", "", failed["check_id"], place, failed["check_name"])


# --- the workflow --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    text = WORKFLOW.read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 (strings only; `on` is a word to it)
    return loaded


def test_the_workflow_runs_on_main_alone_and_stores_no_secret(workflow: dict[str, Any]) -> None:
    assert workflow["on"] == {"push": {"branches": ["main"]}}
    assert "secrets" not in WORKFLOW.read_text(encoding="utf-8").replace("Nothing secret", "")


def test_each_job_of_the_workflow_ends_and_may_little(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 60, name
        may = job.get("permissions", {})
        assert may.get("id-token") == ("write" if "environment" in job else None), name
        assert {key for key, level in may.items() if level == "write"} <= {"id-token"}, name


def test_jobs_that_deploy_wait_for_tests_and_for_each_other(workflow: dict[str, Any]) -> None:
    jobs = workflow["jobs"]
    assert [jobs[name]["needs"] for name in ("dev", "plan", "prod")] == ["test", "dev", "plan"]
    deploying = [jobs[name] for name in jobs if "environment" in jobs[name]]
    assert {job["concurrency"]["cancel-in-progress"] for job in deploying} == {"false"}
    groups = [job["concurrency"]["group"] for job in deploying]
    assert len(set(groups)) == len(groups)  # of one run's jobs none keeps another waiting
    environments = [jobs[name]["environment"] for name in ("dev", "plan", "prod")]
    assert environments == ["dev", "prod-plan", "prod"]


def test_actions_are_pinned_to_a_version(workflow: dict[str, Any]) -> None:
    used = [
        step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step
    ]
    assert used
    assert not [
        one for one in used if not re.fullmatch(r"(aws-)?actions/[a-z-]+@v\d+\.\d+\.\d+", one)
    ]


def test_the_workflow_calls_targets_that_there_are(workflow: dict[str, Any]) -> None:
    runs = "\n".join(
        step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]
    )
    targets = set(re.findall(r"\bmake ([a-z-]+)", runs))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets == {"check", "test", "deploy"}
    assert not [one for one in targets if not re.search(rf"^{one}:.* ## ", makefile, re.MULTILINE)]


def test_the_workflow_names_what_samconfig_names(workflow: dict[str, Any]) -> None:
    prod = settings_of("prod")
    assert workflow["env"] == {"AWS_REGION": prod["region"], "PROD_STACK": prod["stack_name"]}
    longest = parsed(DEPLOYER)["Parameters"]["StackName"]["AllowedPattern"]
    for environment in ("dev", "prod"):
        assert re.fullmatch(longest, settings_of(environment)["stack_name"])


def test_no_deployment_of_the_workflow_asks_a_question(workflow: dict[str, Any]) -> None:
    jobs = workflow["jobs"]
    runs = {name: " ".join(step.get("run", "") for step in jobs[name]["steps"]) for name in jobs}
    assert "make deploy ENV=dev" in runs["dev"]
    assert settings_of("dev")["confirm_changeset"] is False
    assert "--no-confirm-changeset" in runs["plan"]
    assert "--no-execute-changeset" in runs["plan"]
    assert "execute-change-set" in runs["prod"]
