/** What tests of signing requests need: a certificate that is one. */
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
