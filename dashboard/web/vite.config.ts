import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { HttpProxy } from 'vite';
import { defineConfig } from 'vitest/config';
import { devSession } from './dev-session';

const backend = process.env.TROUPE_API ?? 'http://127.0.0.1:8080';
const key = process.env.TROUPE_KEY;
const proxy = {
  target: backend,
  changeOrigin: true,
  // Before people can sign in, a key stands in for the cookies.
  headers: key === undefined ? undefined : { 'X-API-Key': key },
  // The head of a stream must not wait for its first event.
  configure: (server: HttpProxy.Server) => {
    server.on('proxyRes', (_proxied, _request, response) => {
      setImmediate(() => response.flushHeaders());
    });
  },
};

const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; connect-src 'self'";

export default defineConfig({
  plugins: [react(), devSession(backend, key)],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/api': proxy, '/media': proxy, '/sso': proxy } },
  // The same policy as the binary sends, so that what breaks it is seen early.
  preview: { proxy: { '/api': proxy, '/media': proxy }, headers: { 'Content-Security-Policy': policy } },
  build: {
    target: 'es2022',
    // Never inline: the content security policy allows files of this host only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test-setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
  },
});
