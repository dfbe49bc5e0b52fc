/** What tests of signing requests need: a certificate and requests that are some, made with OpenSSL. */
/** Base64 of a PEM block, as the API carries it. */
export const pem = (type: string, body: string): string =>
  Buffer.from(`-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`).toString('base64')
export const certificate = pem(
  'CERTIFICATE',
  'MIIBbzCCARWgAwIBAgIUGwfy5cYDJ1rsZhK7K5DCZUora7YwCgYIKoZIzj0EAwIw\n' +
    'DDEKMAgGA1UEAwwBYTAgFw0yNjExMjcxMzQ5MTFaGA8yMTI2MTEwMzEzNDkxMVow\n' +
    'DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNl7VkdJknBU\n' +
    'sYVaKWl2ArYj1B82w3OlquTnJESHBLFavtv64eMqAmRStijjybm8hbkIv8I+G2vF\n' +
    'taIdqsJRWcijUzBRMB0GA1UdDgQWBBTZdpjr7c8MlEzNKaIfXpizWT7qnTAfBgNV\n' +
    'HSMEGDAWgBTZdpjr7c8MlEzNKaIfXpizWT7qnTAPBgNVHRMBAf8EBTADAQH/MAoG\n' +
    'CCqGSM49BAMCA0gAMEUCICjomImR2h1yKsX80BzZ5i77IjLhQXBom0R9koNJfLlV\n' +
    'AiEAxSH+8MtnpvnQkI9wfikdOURZD1Z33oV3XqwrDkX0b+s=',
)
export const ecRequest = pem(
  'CERTIFICATE REQUEST',
  'MIHHMG8CAQAwDTELMAkGA1UEAwwCbWUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n' +
    'AARbssBLeYpsfPp5/kCj1P/CWzEWfvkS4sg8oLogik4vZL9lF8rtEQIXeRsmMIuw\n' +
    'RqYeiM3N+NBfRtXJqoNgUfcioAAwCgYIKoZIzj0EAwIDSAAwRQIhAKgbHo2hqlcI\n' +
    '5JC2gjJsRyj2tW1T4yLKWl3qPQq+YozXAiB+nsXvmZFmILEYdy1jabwpEQtnstYg\n' +
    'ybs8qoFXC0KRJg==',
)
export const pssRequest = pem(
  'CERTIFICATE REQUEST',
  'MIIChjCCAToCAQAwDTELMAkGA1UEAwwCbWUwggEiMA0GCSqGSIb3DQEBAQUAA4IB\n' +
    'DwAwggEKAoIBAQCLS4yisq6lgOrMTq7sJvuNGFU6pTap/Zz8uOMByQ9TbTeQZk5+\n' +
    'w42hes5DNwynDOmMMdaFKRsJoCgfIXqHt5j9spg0BJjO3csHNULUHPNPWNzEWtKJ\n' +
    'iSoI9ntYmGm5pHsAiEEuaKvYLs6O/nO+01pcZDea0/2PeKJ9Z/5rPF1IRjIKk9m8\n' +
    'rQF4S8C4VxkeEoWnChmAS6SNA6tQAOPUK8/dw9jqX1J6hoHWpTd4R7bnqBw3LdLW\n' +
    'J/k0Z2qNEi269Cq9PKFvsA4EbahnfvrKguKoK+LUf+eowWwn/bzatDUIjuBZc+Fe\n' +
    '21HKjvgGQ4Tf0Sp8bsHPPvverp8fXI0+rG3/AgMBAAGgADBBBgkqhkiG9w0BAQow\n' +
    'NKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUA\n' +
    'ogMCASADggEBADSeRB3+n+hRfCiYpnRWbotwyqH0+4VicTKpRUi2z6yb9DfdT27N\n' +
    'G5XzHPEWX0IHsPJVTNnLtZt5Gsj/jJi37b3ef5EYSQIJCXmUj/yXw67cpGU5gH2F\n' +
    'OXWfSv6O5Mbb/fjuOCvOHVXAu3d4LeK8lO/wdsFB1tk2fv6qheK9Cimbwr0+XtNa\n' +
    '8HW+QY1dO30r+0uDRgCVy3RY/9UiM2/2w9Rk28BpHTecoLq005RI1/DP79z8RJB+\n' +
    'sDy9metlOUy3zfhphoY7RvXcGZ8IJmH8O2DGF9iRDJXzQfU9wmf3BWQ01GOXb6Zh\n' +
    'WoWKM5Gw3BUtG0rN5Pop6quDfm3p/ohq1r0=',
)
