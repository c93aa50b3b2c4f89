"""The five-minute tour of README.md, from Python.

Generates a client from the descriptor set that `rapport protos --out FILE` writes, and
calls a running suite with it. Needs grpcio and grpcio-tools.
"""

import argparse
import importlib
import pathlib
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2
from grpc_tools import protoc


def generate(descriptors: pathlib.Path, out: pathlib.Path) -> None:
    """Writes Python modules for every proto in the set, except protobuf's own."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes()).file
    names = [file.name for file in files if not file.name.startswith("google/protobuf/")]
    options = [f"--descriptor_set_in={descriptors}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(["protoc", *options, *names]) != 0:
        sys.exit("the client could not be generated")
    sys.path.insert(0, str(out))


class Customer:
    """The modules of `rapport.customer.v1` by their short names."""

    def __getattr__(self, name: str):
        return importlib.import_module(f"rapport.customer.v1.{name}")


def refusal(error: grpc.RpcError) -> tuple[str, dict[str, str]]:
    """Reason and metadata of the `google.rpc.ErrorInfo` that every failure carries."""
    status_pb2 = importlib.import_module("google.rpc.status_pb2")
    details_pb2 = importlib.import_module("google.rpc.error_details_pb2")
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Is(details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
    return info.reason, dict(info.metadata)


def tour(channel: grpc.Channel, token: str) -> None:
    v1 = Customer()
    types = importlib.import_module("rapport.type.v1.channel_pb2")
    purposes = importlib.import_module("rapport.type.v1.purpose_pb2")
    identity = {"metadata": [("authorization", f"Bearer {token}")]}

    customers = v1.customer_service_pb2_grpc.CustomerServiceStub(channel)
    points = v1.contact_point_service_pb2_grpc.ContactPointServiceStub(channel)
    preferences = v1.preference_service_pb2_grpc.PreferenceServiceStub(channel)
    interactions = v1.interaction_service_pb2_grpc.InteractionServiceStub(channel)
    views = v1.view_service_pb2_grpc.ViewServiceStub(channel)

    # A customer, and how to reach her.
    new = v1.customer_pb2.Customer(person=v1.customer_pb2.Person(full_name="Zoë Brändli"), region_code="CH")
    zoe = customers.CreateCustomer(
        v1.customer_service_pb2.CreateCustomerRequest(customer=new), **identity
    )
    print("created", zoe.name)
    for address in ({"email": "Zoe@Example.COM"}, {"phone": "044 668 18 00"}):
        point = points.CreateContactPoint(
            v1.contact_point_service_pb2.CreateContactPointRequest(
                parent=zoe.name, contact_point=v1.contact_point_pb2.ContactPoint(**address)
            ),
            **identity,
        )
        print("reached by", point.email or point.phone)

    # Found by any beginning.
    found = customers.SearchCustomers(
        v1.customer_service_pb2.SearchCustomersRequest(query="zoe bran"), **identity
    )
    assert zoe.name in [result.customer.name for result in found.results]
    print("found by 'zoe bran'")

    # She wants no e-mail; calls are welcome.
    preference = v1.preference_service_pb2
    preferences.SetPreferences(
        preference.SetPreferencesRequest(
            name=f"{zoe.name}/preferences",
            entries=[
                preference.Preference(channel=types.CHANNEL_EMAIL, choice=preference.CHANNEL_CHOICE_REFUSED),
                preference.Preference(channel=types.CHANNEL_PHONE, choice=preference.CHANNEL_CHOICE_ALLOWED, rank=1),
            ],
        ),
        **identity,
    )

    def contact(channel_number: int):
        return interactions.SendMessage(
            v1.interaction_service_pb2.SendMessageRequest(
                customer=zoe.name,
                channel=channel_number,
                purpose=purposes.PURPOSE_MARKETING,
                subject="Spring offer",
            ),
            **identity,
        )

    try:
        contact(types.CHANNEL_EMAIL)
    except grpc.RpcError as error:
        reason, metadata = refusal(error)
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and reason == "CHANNEL_REFUSED"
        print("e-mail refused:", reason, "open:", metadata["open_channels"])
    else:
        sys.exit("the e-mail was let through")
    call = contact(types.CHANNEL_PHONE)
    print("call planned:", call.name)

    # What the next colleague, on any channel, must know.
    context = views.GetCustomerContext(
        v1.view_service_pb2.GetCustomerContextRequest(customer=zoe.name), **identity
    )
    assert [interaction.name for interaction in context.recent_interactions] == [call.name]
    print("in her timeline:", context.recent_interactions[0].summary)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="127.0.0.1:50051")
    parser.add_argument("--token-file", type=pathlib.Path, default="data/local.token")
    parser.add_argument("--descriptors", type=pathlib.Path, default="rapport.binpb")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(arguments.descriptors.resolve(), pathlib.Path(folder))
        with grpc.insecure_channel(arguments.address) as channel:
            tour(channel, arguments.token_file.read_text().strip())


if __name__ == "__main__":
    main()
