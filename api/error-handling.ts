import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../schemas/errors.ts'
import type { App } from './app.ts'
import { errorAnswerSchema } from './error-answer.ts'
import { type HttpError, methodNotAllowed, toHttpError } from './http-error.ts'
import type { RouteTable } from './route-table.ts'

/** Every answer that isn't a success has the one error format, whatever went wrong and wherever. */
export function installErrorHandling(app: App, routes: RouteTable): void {
  app.addSchema(errorAnswerSchema)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const allowed = routes.methodsOf(path)
    if (allowed.length > 0) sendError(reply, methodNotAllowed(request.method, path, allowed, request.id))
    else answerError(new AppError('NOT_FOUND', `there is no ${request.method} ${path}`), request, reply)
  })
  app.addHook('onRoute', ({ url, method }) => routes.add(url, method))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
}

/** For a request that fastify refuses before any hook: most often, its path can't be decoded. */
export function answerFrameworkError(
  routes: RouteTable,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const field = routes.undecodableIn(pathOf(request))
  answerError(field === undefined ? error : undecodable(field), request, reply)
}

function undecodable(field: string): AppError {
  return new AppError('INPUT_INVALID', `${field} is not percent-encoded UTF-8`, { details: { field, in: 'path' } })
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toHttpError(error, request.id)
  if (answer.log) request.log.error({ err: error, code: answer.body.error.code }, 'request failed')
  sendError(reply, answer)
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0]!
}

export function sendError(reply: FastifyReply, answer: HttpError): void {
  // Serialized here: a response schema of the route would drop details.
  reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8')
  reply.serializer(JSON.stringify).send(answer.body)
}

const PARSER_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** For bytes that aren't HTTP, and headers that are too large: there is no request yet, only a socket. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  const status = PARSER_STATUS[error.code ?? ''] ?? 400
  const requestId = randomUUID()
  const message = STATUS_CODES[status] ?? 'bad request'
  const body = JSON.stringify({ error: { code: 'INPUT_INVALID', message, details: {}, requestId } })
  socket.end(
    `HTTP/1.1 ${status} ${message}\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
