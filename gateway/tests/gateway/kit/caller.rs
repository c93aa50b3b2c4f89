//! Callers: one with a gRPC client, one who writes frames by hand.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::Stream;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

use super::Note;

/// The reason in a status' details.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.unwrap_or_else(|| panic!("no reason in {status:?}"))
        .reason
}

/// A message with its gRPC prefix.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend((message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

/// Calls the test's service with a gRPC client.
#[derive(Clone)]
pub struct Caller {
    pub channel: Channel,
    token: Option<String>,
    compression: Option<CompressionEncoding>,
}

impl Caller {
    pub async fn connect(address: SocketAddr, token: Option<&str>) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Self {
            channel: endpoint.tcp_nodelay(true).connect().await.unwrap(),
            token: token.map(str::to_owned),
            compression: None,
        }
    }

    pub fn compressing(mut self, compression: CompressionEncoding) -> Self {
        self.compression = Some(compression);
        self
    }

    /// A request with the caller's token.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        request
    }

    async fn grpc(&self) -> Grpc<Channel> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(16 << 20);
        if let Some(compression) = self.compression {
            grpc = grpc.send_compressed(compression);
        }
        grpc.ready().await.unwrap();
        grpc
    }

    pub async fn unary(&self, method: &str, note: Note) -> Result<Note, Status> {
        let response = self.send(method, self.request(note)).await?;
        Ok(response.into_inner())
    }

    pub async fn send(
        &self,
        method: &str,
        request: Request<Note>,
    ) -> Result<Response<Note>, Status> {
        let codec = ProstCodec::<Note, Note>::default();
        self.grpc().await.unary(request, path(method), codec).await
    }

    pub async fn server_stream(&self, method: &str, note: Note) -> Result<Streaming<Note>, Status> {
        let codec = ProstCodec::<Note, Note>::default();
        let request = self.request(note);
        let response = self
            .grpc()
            .await
            .server_streaming(request, path(method), codec)
            .await?;
        Ok(response.into_inner())
    }

    pub async fn client_stream(
        &self,
        method: &str,
        notes: impl Stream<Item = Note> + Send + 'static,
    ) -> Result<Note, Status> {
        let codec = ProstCodec::<Note, Note>::default();
        let request = self.request(notes);
        let response = self
            .grpc()
            .await
            .client_streaming(request, path(method), codec)
            .await?;
        Ok(response.into_inner())
    }

    pub async fn stream(
        &self,
        method: &str,
        notes: impl Stream<Item = Note> + Send + 'static,
    ) -> Result<Streaming<Note>, Status> {
        let codec = ProstCodec::<Note, Note>::default();
        let request = self.request(notes);
        let response = self
            .grpc()
            .await
            .streaming(request, path(method), codec)
            .await?;
        Ok(response.into_inner())
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/test.v1.Notes/{method}").parse().unwrap()
}

/// Sends whatever bytes the test likes.
#[derive(Clone)]
pub struct Raw {
    connection: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    token: String,
}

impl Raw {
    pub async fn connect(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (connection, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(driver);
        Self {
            connection,
            address,
            token: token.to_owned(),
        }
    }

    /// The headers of a proper call.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("te", HeaderValue::from_static("trailers"));
        let token = format!("Bearer {}", self.token);
        headers.insert("authorization", token.parse().unwrap());
        headers
    }

    /// The HTTP answer to these bytes: head, body and trailers.
    pub async fn send(
        &mut self,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> (http::response::Parts, Bytes, Option<HeaderMap>) {
        let uri = format!("http://{}{path}", self.address);
        let mut request = http::Request::post(uri).body(Full::from(body)).unwrap();
        *request.headers_mut() = headers;
        self.connection.ready().await.unwrap();
        let (head, body) = self
            .connection
            .send_request(request)
            .await
            .unwrap()
            .into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned();
        (head, body.to_bytes(), trailers)
    }

    /// The gRPC status of the answer to these bytes.
    pub async fn status(&mut self, path: &str, headers: HeaderMap, body: Vec<u8>) -> Status {
        let (head, _, trailers) = self.send(path, headers, body).await;
        Status::from_header_map(&head.headers)
            .or_else(|| Status::from_header_map(&trailers?))
            .expect("an answer without a status")
    }
}
