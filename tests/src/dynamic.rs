//! Calls of any RPC by JSON or bytes, for stories about all of them.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use rapport_platform::server::Raw;
use serde_json::Value;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// A caller who speaks JSON.
#[derive(Clone)]
pub struct Dynamic {
    channel: Channel,
    token: String,
}

impl Dynamic {
    pub(crate) fn new(channel: Channel, token: &str) -> Self {
        Self {
            channel,
            token: token.to_owned(),
        }
    }

    /// Calls `package.Service/Method` with a request given as protobuf's JSON.
    pub async fn call(&self, method: &str, request: Value) -> Result<Value, Status> {
        let descriptor = find(method);
        let message = DynamicMessage::deserialize(descriptor.input(), request)
            .unwrap_or_else(|error| panic!("{method}: {error}"));
        let answer = self.send(method, message.encode_to_vec().into()).await?;
        let answer = DynamicMessage::decode(descriptor.output(), answer).unwrap();
        Ok(serde_json::to_value(answer).unwrap())
    }

    /// Calls a method with these bytes as its message, whatever they are.
    pub async fn send(&self, method: &str, message: Bytes) -> Result<Bytes, Status> {
        let path = format!("/{method}").parse().unwrap();
        let mut grpc = self.ready().await;
        let answer = grpc.unary(self.request(message), path, Raw).await?;
        Ok(answer.into_inner())
    }

    /// Calls a streaming method with these messages, whatever they are, and returns its answers.
    pub async fn stream(&self, method: &str, messages: Vec<Bytes>) -> Result<Vec<Bytes>, Status> {
        let path = format!("/{method}").parse().unwrap();
        let request = self.request(tokio_stream::iter(messages));
        let mut grpc = self.ready().await;
        let mut answers = grpc.streaming(request, path, Raw).await?.into_inner();
        let mut received = Vec::new();
        while let Some(answer) = answers.message().await? {
            received.push(answer);
        }
        Ok(received)
    }

    async fn ready(&self) -> Grpc<Channel> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(64 << 20);
        grpc.ready().await.unwrap();
        grpc
    }

    fn request<M>(&self, messages: M) -> Request<M> {
        let mut request = Request::new(messages);
        let token = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", token);
        request
    }
}

/// The descriptor of `package.Service/Method`.
pub fn find(method: &str) -> MethodDescriptor {
    let (service, name) = method.split_once('/').unwrap();
    let pool = rapport_proto::descriptor_pool();
    let service = pool.get_service_by_name(service).unwrap();
    let found = service.methods().find(|one| one.name() == name);
    found.unwrap_or_else(|| panic!("there is no {method}"))
}
